"""The web gateway: a pipe with manners between browsers and the chat server.

HTTP, WebSocket, Origin, limits and the page. It holds no chat state, parses no chat message and does not import
tcp_core.

    app             routes, security headers, health, orderly stop
    bridge          one WebSocket, one TCP connection: two pumps; the first to end ends both
    frames          the head of a WebSocket frame
    client_address  whose connection it is, also behind reverse proxies, and which pages may open one
    page            the static files, with ETag
    health          asks for /healthz, for containers
"""

__version__ = "0.1.0"
