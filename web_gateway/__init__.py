"""The web gateway: a pipe with manners between browsers and the chat server.

HTTP, WebSocket, Origin, limits and the page. It holds no chat state, parses no chat message and does not import
tcp_core.

    listener        takes connections, as many as there may be; TCP keepalive, TLS handshakes
    connection      one HTTP connection: its first header has a time limit; what is no request is told so
    limits          how many connections there are, in all and by address
    tls             the certificate, which can be read again
    headers         what every response says besides its content
    app             routes, whom they are refused to, health, orderly stop
    origin          which pages may open a WebSocket, and under which names the gateway answers
    client_address  whose connection it is, also behind reverse proxies
    bridge          one WebSocket, one TCP connection: two pumps; the first to end ends both
    frames          the head of a WebSocket frame
    page            the static files, with ETag
    metrics         what is counted, and how Prometheus reads it
    refusals        what was refused: counted, and logged with measure
    logs            fields, one record a line, as text or JSON
    health          asks for /healthz, for containers
"""

__version__ = "0.1.0"
