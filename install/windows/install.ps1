<#
.SYNOPSIS
Installs the ConfigMgr exporter as a service on this computer, brings it up to date, or removes it.

.DESCRIPTION
Copies the folder in which this script is to Program Files, installs the service and starts it. Where the service is
installed already, its program is replaced and its settings stay. State and configuration are in
ProgramData\configmgr-exporter, and are never removed. What it does for the service, this does, too:
configmgr-exporter service --help

.PARAMETER InstallDir
Where the program goes.

.PARAMETER RunArguments
What the service serves and how. Without any, the logs of the site server that this computer is. All of them:
configmgr-exporter run --help

.PARAMETER Account
The account that the service runs as. Without one, it is NT SERVICE\configmgr-exporter, which has no password, and which
is the computer's own account on other computers.

.PARAMETER FirewallPort
Lets other computers reach this TCP port of the service, such as 10048. Without it the firewall stays as it is.

.PARAMETER Uninstall
Removes the service, its firewall rule and its program.

.EXAMPLE
.\install.ps1 -FirewallPort 10048

.EXAMPLE
.\install.ps1 -RunArguments '--config.file', 'C:\ProgramData\configmgr-exporter\config.yml'

.EXAMPLE
.\install.ps1 -Uninstall -WhatIf
#>
#Requires -Version 5.1
#Requires -RunAsAdministrator
[CmdletBinding(SupportsShouldProcess)]
param(
    [string] $InstallDir = (Join-Path $env:ProgramFiles 'configmgr-exporter'),
    [string[]] $RunArguments = @(),
    [string] $Account = '',
    [ValidateRange(0, 65535)] [int] $FirewallPort = 0,
    [switch] $Uninstall
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$name = 'configmgr-exporter'
$program = Join-Path $InstallDir 'configmgr-exporter.exe'
$python = Join-Path $InstallDir 'python'

function Invoke-Exporter {
    param([string[]] $Arguments)
    if ($PSCmdlet.ShouldProcess($name, $Arguments -join ' ')) {
        & $program $Arguments
        if ($LASTEXITCODE -ne 0) {
            throw "$program $($Arguments -join ' ') ended with $LASTEXITCODE"
        }
    }
}

function Remove-Rule {
    Get-NetFirewallRule -Name $name -ErrorAction SilentlyContinue | Remove-NetFirewallRule
}

$installed = Get-Service -Name $name -ErrorAction SilentlyContinue

if ($Uninstall) {
    if ($installed) {
        Invoke-Exporter @('service', 'remove')
    }
    Remove-Rule
    if (Test-Path $InstallDir) {
        Remove-Item $InstallDir -Recurse -Force
    }
    return
}

# An old file that stays behind would still be imported: the old Python goes as a whole before the new one comes.
if ($installed) {
    Stop-Service -Name $name
}
if ((Test-Path $python) -and ($PSScriptRoot -ne $InstallDir)) {
    Remove-Item $python -Recurse -Force
}
if ($PSScriptRoot -ne $InstallDir) {
    New-Item $InstallDir -ItemType Directory -Force | Out-Null
    Copy-Item (Join-Path $PSScriptRoot '*') $InstallDir -Recurse -Force
}

if (-not $installed) {
    $arguments = @('service', 'install')
    if ($Account) {
        $arguments += @('--account', $Account)
    }
    Invoke-Exporter ($arguments + $RunArguments)
}
elseif ($RunArguments.Count -gt 0 -or $Account) {
    Write-Warning "The service keeps the settings it has. To give it others, first run: & '$program' service remove"
}

if ($FirewallPort -ne 0) {
    Remove-Rule
    New-NetFirewallRule -Name $name -DisplayName 'ConfigMgr Exporter' -Direction Inbound -Action Allow -Protocol TCP `
        -LocalPort $FirewallPort -Program (Join-Path $python 'python.exe') | Out-Null
}

Invoke-Exporter @('service', 'start')
