"""Signed requests: SigV4 with the provider "mltop", written apart from the programs, with the standard
library alone, so that a mistake in the signer shows as a disagreement."""
import datetime
import hashlib
import hmac
import os
import time
import urllib.parse


def quote(text):
    return urllib.parse.quote(text, safe="-._~")


def canonical_query(pairs, sort=True):
    encoded = [(quote(k), quote(v)) for k, v in pairs]
    return "&".join(f"{k}={v}" for k, v in (sorted(encoded) if sort else encoded))


def amz_date(now=None):
    at = datetime.datetime.fromtimestamp(time.time() if now is None else now, datetime.timezone.utc)
    return at.strftime("%Y%m%dT%H%M%SZ")


def signature(method, path, query, headers, body, secret, date):
    """
    `headers`: what is signed, lower-case names; `query`: the canonical text. `body`: its bytes, or
    the SHA-256 object of one that is sent in pieces.
    """
    digest = body if hasattr(body, "hexdigest") else hashlib.sha256(body)
    names = ";".join(sorted(headers))
    lines = "".join(f"{k}:{' '.join(headers[k].split())}\n" for k in sorted(headers))
    request = f"{method}\n{path}\n{query}\n{lines}\n{names}\n{digest.hexdigest()}"
    scope = f"{date[:8]}/local/cloudml/mltop4_request"
    text = f"MLTOP4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = ("MLTOP4" + secret).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return names, scope, hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


class Key:
    def __init__(self, access_key, secret_key, org_id="", role=""):
        self.access_key, self.secret_key, self.org_id, self.role = access_key, secret_key, org_id, role

    def sign(self, method, path, host, query=(), body=b"", nonce=None, now=None, headers=None):
        """The headers of a signed request, Host among them."""
        date = amz_date(now)
        signed = {"host": host, "x-mltop-date": date}
        if nonce is not None and nonce is not False:  # False: none, whatever the method
            signed["x-mltop-nonce"] = nonce
        signed.update(headers or {})
        names, scope, sig = signature(method, path, canonical_query(query), signed, body,
                                      self.secret_key, date)
        return dict(signed, authorization=f"MLTOP4-HMAC-SHA256 Credential={self.access_key}/{scope}, "
                                          f"SignedHeaders={names}, Signature={sig}")


_nonces = [0]


def new_nonce():
    _nonces[0] += 1
    return f"t{os.getpid()}-{_nonces[0]}-{time.time_ns()}"
