"""Types of the values that a web configuration file holds: text in, value out, and why not in words for a person."""

from __future__ import annotations

import re
import ssl
from typing import Annotated, Any, Final

from annotated_types import Ge
from pydantic import AfterValidator, BeforeValidator, SecretStr

from exporter.config.located_yaml import did_you_mean
from exporter.config.values import FilePath, TypeName

TLS_VERSIONS: Final = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
_OLD_VERSIONS: Final = frozenset({"TLS10", "TLS11"})

CLIENT_AUTH_TYPES: Final = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
_UNVERIFIED_TYPES: Final = frozenset({"RequestClientCert", "RequireAnyClientCert", "RequireClientCert"})

_SUITES: Final = {
    f"TLS_ECDHE_{key}_WITH_{suite}": f"ECDHE-{key}-{openssl}"
    for key in ("ECDSA", "RSA")
    for suite, openssl in (
        ("AES_128_GCM_SHA256", "AES128-GCM-SHA256"),
        ("AES_256_GCM_SHA384", "AES256-GCM-SHA384"),
        ("CHACHA20_POLY1305_SHA256", "CHACHA20-POLY1305"),
        ("AES_128_CBC_SHA", "AES128-SHA"),
        ("AES_256_CBC_SHA", "AES256-SHA"),
    )
}
# Those of TLS 1.3 may be named, but cannot be chosen among: neither by Go's TLS nor by Python's.
_TLS13_SUITES: Final = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
CIPHER_SUITES: Final = {**_SUITES, **dict.fromkeys(_TLS13_SUITES, "")}
"""OpenSSL's name of each cipher suite by its IANA name, as Go has it; "" for those that are of TLS 1.3."""

CURVES: Final = {"CurveP256": "prime256v1", "CurveP384": "secp384r1", "CurveP521": "secp521r1", "X25519": "X25519"}
"""OpenSSL's name of each curve by the name that Go has for it."""

HEADERS: Final[dict[str, frozenset[str]]] = {
    "Content-Security-Policy": frozenset(),
    "Strict-Transport-Security": frozenset(),
    "X-Content-Type-Options": frozenset({"nosniff"}),
    "X-Frame-Options": frozenset({"deny", "sameorigin"}),
    "X-XSS-Protection": frozenset(),
}
"""Headers that may be set, with their values where only some are allowed."""

# Prefix, cost, 22 characters of salt and 31 of hash; the last of each holds bits that are always 0.
_BCRYPT: Final = re.compile(r"\$2[abxy]\$(\d\d)\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{30}[.CGKOSWaeimquy26]", re.ASCII)
_COSTS: Final = range(4, 32)
_UNITS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_NUMBER: Final = r"\d+(?:\.\d*)?|\.\d+"
_UNIT: Final = "|".join(_UNITS)
_DURATION: Final = re.compile(rf"(?:(?:{_NUMBER})(?:{_UNIT}))+", re.ASCII)
_DURATION_PART: Final = re.compile(rf"({_NUMBER})({_UNIT})", re.ASCII)
_SWITCHES: Final = {
    **dict.fromkeys(("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y"), True),
    **dict.fromkeys(("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N"), False),
}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text")  # noqa: TRY004 - pydantic makes an entry of a ValueError only
    return value


def _known(value: object, kind: str, known: dict[str, Any]) -> str:
    word = _text(value)
    if word not in known:
        hint = did_you_mean(word, known) or f": known are {', '.join(known)}"
        raise ValueError(f"{word!r} is no {kind}{hint}")
    return word


def _tls_version(value: object) -> str:
    if value in _OLD_VERSIONS:
        raise ValueError(
            f"{value} is withdrawn (RFC 8996), and OpenSSL speaks it only with its security level turned down: "
            "write TLS12 or TLS13"
        )
    return _known(value, "TLS version", TLS_VERSIONS)


def _client_auth_type(value: object) -> str:
    if value in _UNVERIFIED_TYPES:
        raise ValueError(
            f"{value} asks for a certificate and checks nothing about it, which keeps nobody out, and which Python's "
            "TLS cannot do: write RequireAndVerifyClientCert, VerifyClientCertIfGiven or NoClientCert"
        )
    return _known(value, "client auth type", CLIENT_AUTH_TYPES)


def _cipher_suite(value: object) -> str:
    return _known(value, "cipher suite", CIPHER_SUITES)


def _curve(value: object) -> str:
    return _known(value, "curve", CURVES)


def _switch(value: object) -> bool:
    if not isinstance(value, str) or value not in _SWITCHES:
        raise ValueError("must be true or false")
    return _SWITCHES[value]


def _interval(value: object) -> float:
    text = _text(value)
    if text == "0":
        return 0.0
    if not _DURATION.fullmatch(text):
        raise ValueError(f"{text!r} is no duration: write a number and a unit, such as 100ms or 1s; 0 is no limit")
    return sum(float(number) * _UNITS[unit] for number, unit in _DURATION_PART.findall(text))


def _bcrypt_hash(value: object) -> SecretStr:
    """Check a hash. It is never repeated: often enough it is the password itself that was written here."""
    text = value if isinstance(value, str) else ""
    found = _BCRYPT.fullmatch(text)
    if not found or int(found[1]) not in _COSTS:
        raise ValueError("is no bcrypt hash: write the one that `htpasswd -nBC 10 NAME` prints behind the colon")
    return SecretStr(text)


def _user_name(value: str) -> str:
    if ":" in value:
        raise ValueError(f"{value!r}: a user name cannot hold a colon, which ends it in a request")
    return value


def _header_name(value: str) -> str:
    if value not in HEADERS:
        raise ValueError(f"the header {value!r} cannot be set: those that can are {', '.join(HEADERS)}")
    return value


def _header_value(value: object) -> str:
    text = _text(value)
    if not text.isprintable() or not text.isascii():
        raise ValueError("a header holds printable ASCII characters only")
    return text


PemFile = Annotated[FilePath | None, BeforeValidator(lambda value: None if value == "" else value)]
Secret = Annotated[SecretStr, TypeName("secret", "text that is never shown, logged or kept elsewhere")]
Pem = Annotated[str, TypeName("PEM", "text with `-----BEGIN ...-----`, as a block behind `|`"), BeforeValidator(_text)]
Text = Annotated[str, TypeName("text", ""), BeforeValidator(_text)]
TlsVersion = Annotated[str, TypeName("TLS version", "`TLS12` or `TLS13`"), BeforeValidator(_tls_version)]
ClientAuthType = Annotated[
    str,
    TypeName("client auth type", ", ".join(f"`{name}`" for name in CLIENT_AUTH_TYPES)),
    BeforeValidator(_client_auth_type),
]
CipherSuite = Annotated[
    str,
    TypeName("cipher suite", ", ".join(f"`{name}`" for name in CIPHER_SUITES)),
    BeforeValidator(_cipher_suite),
]
Curve = Annotated[str, TypeName("curve", ", ".join(f"`{name}`" for name in CURVES)), BeforeValidator(_curve)]
Switch = Annotated[bool, TypeName("boolean", "`true` or `false`"), BeforeValidator(_switch)]
Interval = Annotated[
    float,
    TypeName("duration", "numbers, each with its unit, as Go writes them: `100ms`, `1.5s`, `1m30s`"),
    BeforeValidator(_interval),
]
Burst = Annotated[int, TypeName("number", "a whole number"), Ge(0)]
UserName = Annotated[str, TypeName("user name", "text without a colon"), AfterValidator(_user_name)]
BcryptHash = Annotated[
    SecretStr,
    TypeName("bcrypt hash", "what `htpasswd -nBC 10 NAME` prints behind the colon"),
    BeforeValidator(_bcrypt_hash),
]
HeaderName = Annotated[
    str, TypeName("header", ", ".join(f"`{name}`" for name in HEADERS)), AfterValidator(_header_name)
]
HeaderValue = Annotated[str, TypeName("header value", "printable ASCII text"), BeforeValidator(_header_value)]
