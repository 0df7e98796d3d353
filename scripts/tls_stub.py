"""Answers every request over TLS with an empty listing of a bucket, and notes what was asked for.

`tls_stub.py CERTIFICATE KEY NOTES` prints its port.
"""

import http.server
import ssl
import sys

certificate, key, notes = sys.argv[1:]
LISTING = b'<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>'


class Bucket(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open(notes, "a") as file:
            print(self.path, file=file)
        self.send_response(200)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(LISTING)))
        self.end_headers()
        self.wfile.write(LISTING)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
