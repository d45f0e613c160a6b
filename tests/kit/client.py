"""A client that signs, written apart from the programs: requests and websockets."""
import json

from kit.http import Socket, head_bytes
from kit.signing import canonical_query, new_nonce
from kit.websocket import STREAM, WebSocket


class Client:
    """Signed requests, one connection each unless `on` says which."""

    def __init__(self, port, key):
        self.port, self.key, self.host = port, key, f"127.0.0.1:{port}"

    def bytes_of(self, method, path, query=(), body=None, nonce=None, headers=None, now=None,
                 sign=True, send=None):
        """The request as it goes over the wire. `send`: headers that are sent but not signed."""
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
        query = list(query.items()) if isinstance(query, dict) else list(query)
        if nonce is None and method != "GET":
            nonce = new_nonce()
        if sign:
            all_headers = self.key.sign(method, path, self.host, query, body or b"", nonce, now, headers)
        else:
            all_headers = dict({"host": self.host}, **(headers or {}))
        if body is not None or method in ("POST", "PUT", "PATCH", "DELETE"):
            all_headers["content-length"] = str(len(body or b""))
        all_headers.update(send or {})
        target = path + ("?" + canonical_query(query) if query else "")
        return head_bytes(method, target, all_headers) + (body or b"")

    def request(self, method, path, *, on=None, **how):
        data = self.bytes_of(method, path, **how)
        if on is not None:
            on.send(data)
            return on.answer(method == "HEAD")
        with Socket(self.port) as s:
            s.send(data)
            return s.answer(method == "HEAD")

    def get(self, path, **how):
        return self.request("GET", path, **how)

    def post(self, path, body=None, **how):
        return self.request("POST", path, body=body, **how)

    def put(self, path, body=None, **how):
        return self.request("PUT", path, body=body, **how)

    def delete(self, path, **how):
        return self.request("DELETE", path, **how)

    def websocket(self, path=STREAM, **how):
        return WebSocket(self, path, **how)
