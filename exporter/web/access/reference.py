"""docs/web-configuration.md, made from the schema, so that the two cannot come to differ.

`python -m exporter.web.access.reference` prints what stands in docs/web-configuration.md.
"""

from __future__ import annotations

import sys

from exporter.config.reference import tables
from exporter.web.access.schema import WebConfig

_HEAD = r"""# Web configuration

<!-- Made by `python -m exporter.web.access.reference > docs/web-configuration.md`: change that, not this page. -->

TLS, client certificates, passwords, headers and a limit on requests: a file in the format that Prometheus' exporters
share (exporter-toolkit), named with `--web.config.file`. One file can serve them all. What else keeps an endpoint safe:
[security](security.md).

```yaml
tls_server_config:
  cert_file: server.crt
  key_file: server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: clients-ca.crt
  client_allowed_sans: [prometheus.example]
basic_auth_users:
  prometheus: $2y$10$qRTBuFoULoYNA7AQ/F3ck.trZBPyjV64.oA4ZsSBCIWvXuvQlQTuu
rate_limit:
  interval: 50ms
  burst: 40
```

`configmgr-exporter check --web.config.file FILE` tells all that is wrong with a file, each fault with its line and
column. Relative paths start from the folder of the file.

```yaml
# prometheus.yml
scrape_configs:
  - job_name: configmgr
    scheme: https
    tls_config: {ca_file: ca.crt, cert_file: prometheus.crt, key_file: prometheus.key}
    basic_auth: {username: prometheus, password_file: configmgr.password}
    static_configs:
      - targets: ["cen01.example:10048"]
```

## What it does

- **Everything is behind it**: pages, API, metrics, `/-/healthy` and `/-/ready` too, as with every exporter. A probe
  needs a password as well.
- **Changes count at once.** The file, and the certificates that it names, are looked at for each connection and each
  request. Connections that are open stay open. A file that cannot be used any more changes nothing; the log says so,
  and `configmgr_exporter_config_last_reload_successful` is 0. TLS is switched on or off by a restart only.
- **Passwords** are checked one at a time, beside everything else; what a check has said is kept, the password is not.
  A name that is not known takes as long as one that is. When too many wait, one client for more than four or all for
  more than 32, the answer is status 503. Make a hash with `htpasswd -nBC 10 NAME`; a higher cost makes the first
  request of each client slower. For many users, put a reverse proxy before it.
- **A key in the file itself** lies, each time it is read, for an instant as a file in a folder that only the
  exporter's account can open: Python's TLS reads keys from files only. Write `key_file` if that is not wanted.

## What differs from exporter-toolkit

What Python's TLS cannot do, or what would let in whom it seems to keep out, is refused at the start with its line and
the reason.
"""

_REFUSED = {
    "`client_auth_type`: `RequestClientCert`, `RequireAnyClientCert`": "They keep nobody out.",
    "`min_version`, `max_version`: `TLS10`, `TLS11`": "Withdrawn; too weak for OpenSSL as it is set up.",
    "more than one of `curve_preferences`": "Python's TLS takes one.",
    "`client_allowed_sans` without `RequireAndVerifyClientCert`": "A client without a certificate would be let in.",
    "`cert` and `cert_file` together, and the like": "Only one would be used.",
    "settings of TLS without a certificate": "The server would speak plain HTTP.",
    "`rate_limit` with a burst of 0": "No request would be answered.",
}

_TAIL = """
HTTP/1.1 is spoken, whatever `http2` says. When a changed file cannot be used, exporter-toolkit answers every request
with status 500; here the old one stays in use. Errors in `cipher_suites` that matter to HTTP/2 only are none here.

## Keys
"""


def render() -> str:
    """Return docs/web-configuration.md."""
    refused = "".join(f"| {what} | {why} |\n" for what, why in _REFUSED.items())
    return f"{_HEAD}\n| Refused here | Why |\n| --- | --- |\n{refused}{_TAIL}\n{tables(WebConfig)}"


if __name__ == "__main__":
    sys.stdout.write(render())
