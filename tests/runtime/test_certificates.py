"""Which certificates are trusted, by the variables of the environment."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import httpx2
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from fakes.tls import certificate
from mediasmith.plugin.errors import Misconfigured
from mediasmith.runtime import certificates
from mediasmith.runtime.certificates import Certificates, read_certificates

OURS, OTHER = certificate("ours.example").pem, certificate("other.example").pem


KEY_IN_DER = load_pem_private_key(certificate("ours.example").key, None).private_bytes(
    Encoding.DER, PrivateFormat.PKCS8, NoEncryption()
)


def trusted(variable: str, place: Path) -> set[str]:
    """Return the hosts whose certificates are trusted."""
    found = read_certificates({variable: f" {place} "}).context.get_ca_certs()
    return {str(one["subject"][0][0][1]) for one in found}


def test_a_file_may_have_comments_and_the_same_certificate_twice(tmp_path: Path) -> None:
    file = tmp_path / "bundle.pem"
    file.write_bytes("# naïve\n".encode() + OURS + OTHER.replace(b"\n", b"\r\n") + OURS)
    assert trusted("SSL_CERT_FILE", file) == {"ours.example", "other.example"}
    pem = read_certificates({"SSL_CERT_FILE": str(file)}).pem
    assert pem
    assert pem.count(b"BEGIN") == 2


def test_a_file_may_be_in_der(tmp_path: Path) -> None:
    file = tmp_path / "ours.cer"
    file.write_bytes(ssl.PEM_cert_to_DER_cert(OURS.decode()))
    assert trusted("SSL_CERT_FILE", file) == {"ours.example"}


@pytest.mark.parametrize("variable", ["SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_every_file_of_a_folder_counts_whatever_its_name(tmp_path: Path, variable: str) -> None:
    (tmp_path / "ours.crt").write_bytes(OURS)
    (tmp_path / "other.pem").write_bytes(OTHER)
    (tmp_path / "README").write_text("not a certificate")
    (tmp_path / "gone.pem").symlink_to("nowhere")
    assert trusted(variable, tmp_path) == {"ours.example", "other.example"}


def test_several_folders_may_be_named(tmp_path: Path) -> None:
    for name, pem in (("a", OURS), ("b", OTHER)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "one.pem").write_bytes(pem)
    pem = read_certificates({"SSL_CERT_DIR": f"{tmp_path / 'a'}{os.pathsep}{tmp_path / 'b'}"}).pem
    assert pem
    assert pem.count(b"BEGIN") == 2


@pytest.mark.parametrize("written", ['"{}/a b.pem"', "$HERE/a b.pem", "file://{}/a%20b.pem"])
def test_a_place_is_read_as_people_write_it(tmp_path: Path, written: str) -> None:
    (tmp_path / "a b.pem").write_bytes(OURS)
    env = {"SSL_CERT_FILE": written.format(tmp_path), "HERE": str(tmp_path)}
    assert read_certificates(env).pem == OURS.strip() + b"\n"


def test_the_first_variable_counts(tmp_path: Path) -> None:
    for name, pem in (("a", OURS), ("b", OTHER)):
        (tmp_path / name).write_bytes(pem)
    env = {"REQUESTS_CA_BUNDLE": str(tmp_path / "b"), "SSL_CERT_DIR": "${DIR}", "SSL_CERT_FILE": str(tmp_path / "a")}
    assert read_certificates(env).context is read_certificates({"SSL_CERT_FILE": str(tmp_path / "a")}).context


@pytest.mark.parametrize("variable", certificates.VARIABLES)
@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "cannot be read (No such file or directory)"),
        (b"", "no certificate in PEM or DER"),
        (KEY_IN_DER, "no certificate in PEM or DER"),
        (certificate("ours.example").key, "no certificate in PEM or DER"),
        (OURS[:60] + b"AAAA" + OURS[60:], "a damaged certificate"),
    ],
    ids=["missing", "empty", "a key in DER", "a key", "damaged"],
)
def test_a_file_that_cannot_be_used_is_named_with_its_variable(
    tmp_path: Path, variable: str, content: bytes | None, why: str
) -> None:
    file = tmp_path / "own.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(Misconfigured) as caught:
        read_certificates({variable: str(file)})
    assert caught.value.message.startswith(f"{variable} names {file}, which ")
    assert why in caught.value.message
    assert (caught.value.variables, caught.value.billed) == ((variable,), "no")


def test_a_folder_without_certificates_is_named(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"SSL_CERT_DIR names .* no certificate"):
        read_certificates({"SSL_CERT_DIR": str(tmp_path)})


def test_otherwise_the_systems_own_are_read_once_per_process(monkeypatch: pytest.MonkeyPatch) -> None:
    contexts: list[ssl.SSLContext] = []

    def create(*, trust_env: bool) -> ssl.SSLContext:
        assert not trust_env
        contexts.append(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
        return contexts[-1]

    monkeypatch.setattr(httpx2, "create_ssl_context", create)
    certificates.system_certificates.cache_clear()
    assert read_certificates({"SSL_CERT_FILE": ""}).context is read_certificates({}).context is contexts[0]
    certificates.system_certificates.cache_clear()
    assert len(contexts) == 1


class Unlisted:
    """The store of macOS or Windows, which gives no list."""

    def get_ca_certs(self, *, binary_form: bool) -> object:
        raise NotImplementedError(binary_form)


@pytest.mark.parametrize("context", [Unlisted(), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)], ids=["unlisted", "lazy"])
def test_what_the_system_does_not_list_is_looked_for_in_the_folder_of_openssl(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, context: ssl.SSLContext
) -> None:
    paths = ssl.get_default_verify_paths()._replace(openssl_capath=str(tmp_path))
    monkeypatch.setattr("ssl.get_default_verify_paths", lambda: paths)
    monkeypatch.setattr("ssl.create_default_context", lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    assert Certificates(context=context).pem is None
    (tmp_path / "one.pem").write_bytes(OURS)
    assert Certificates(context=context).pem == OURS.strip()
