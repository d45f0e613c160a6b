"""The public client's signatures, written apart from the programs: Galaxy V3 for the platform's API, V2 for FDS."""
import base64
import email.utils
import hashlib
import hmac
import time
import urllib.parse

from kit.client import Client

STRAY = b"0\r\n\r\n"  # what it sends after each signed GET


def base64_hmac(secret, text):
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()).decode()


def v3(secret, path, timestamp, md5):
    return base64_hmac(secret, f"{path}\n{timestamp}\n{md5}\n")


class GalaxyKey:
    """Signs as the public client does; what it does not cover may be changed under it."""

    def __init__(self, key):
        self.access_key, self.secret_key, self.org_id = key.access_key, key.secret_key, key.org_id

    def sign(self, method, path, host, query=(), body=b"", nonce=None, now=None, headers=None):
        timestamp = str(int(time.time() if now is None else now))
        md5 = hashlib.md5(body).hexdigest()
        return dict({"host": host, "x-xiaomi-timestamp": timestamp, "x-xiaomi-content-md5": md5,
                     "x-xiaomi-secret-key-id": self.access_key,
                     "authorization": "Galaxy V3 " + v3(self.secret_key, path, timestamp, md5)},
                    **(headers or {}))


class GalaxyClient(Client):
    """Writes in one second need different signatures: each has a time of its own."""

    def __init__(self, port, key):
        super().__init__(port, GalaxyKey(key))
        self.past = 0

    def bytes_of(self, method, path, **how):
        if method != "GET" and how.get("now") is None:
            self.past = (self.past + 1) % 40
            how["now"] = time.time() - self.past
        return super().bytes_of(method, path, **how)


SUBRESOURCES = ("acl", "quota", "uploads", "partNumber", "uploadId", "storageAccessToken", "metadata")


def v2(secret, method, path, query=(), headers=None):
    """`headers`: lower-case names; `query`: pairs."""
    headers = headers or {}
    text = f"{method}\n{headers.get('content-md5', '')}\n{headers.get('content-type', '')}\n{headers.get('date', '')}\n"
    text += "".join(f"{k}:{headers[k]}\n" for k in sorted(headers) if k.startswith("x-xiaomi-"))
    kept = sorted((k, v) for k, v in query if k in SUBRESOURCES)
    text += urllib.parse.unquote(path)
    text += "?" + "&".join(k if v is None else f"{k}={v}" for k, v in kept) if kept else ""
    return base64_hmac(secret, text)


class FdsKey:
    def __init__(self, key):
        self.access_key, self.secret_key, self.org_id = key.access_key, key.secret_key, key.org_id

    def sign(self, method, path, host, query=(), body=b"", nonce=None, now=None, headers=None):
        signed = dict({"date": email.utils.formatdate(now, usegmt=True)}, **(headers or {}))
        sig = v2(self.secret_key, method, path, query, signed)
        return dict(signed, host=host, authorization=f"Galaxy-V2 {self.access_key}:{sig}")
