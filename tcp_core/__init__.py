"""The chat server: threads, authoritative; it alone knows who is here, what was said and in what order.

From the wire inwards, each module with what it does:

    server          listeners, accepting, orderly stop
    turned_away     connections that are told why not, and closed
    tls             TLS at the text door: the thread that pumps
    pump            one TLS connection: between its socket and a socketpair
    certificate     what TLS clients are shown
    tcp             what TCP is told and asked
    connection      one client's thread: socket -> framing -> codec -> the hub's inbox
    proxy_header    the real address of a client behind the gateway
    limits          how many connections, how fast
    framing         bytes -> lines
    text_codec      lines a person types <-> messages; all that a terminal shows
    json_codec      JSON lines <-> messages
    commands        what a typed line asks for; the table of commands
    cleaning        takes out of text what could attack a terminal
    wording         what the server says, in words
    words           what there is to say: `words_ru`, `words_en`
    hub             the thread that owns the room: inbox -> chat -> ledger -> delivery
    reception       who comes, comes back and goes
    inbox           what comes to the hub: of the room first, then of those at the door
    entrance        the conversation with one who is not in yet
    admission       who may enter: password, bans, the lock, how many from one address
    moderation      what operators may do
    targets         whom an operator means, and for how long
    register        bans, mutes and the trail of what operators did, on disk
    secret          a password
    ledger          what the next commit decides; replies to one person
    delivery        moves the cursors and ends connections
    audience        who reads the log in one rendering, and when a round is due
    cursor          one connection's place in the log
    rendering       the log as one codec shows it, encoded once
    watcher         waits for sockets that take no more
    peer            one connection as the hub sees it
    chat            the authority: commands -> events and replies
    speech          who may speak now
    ignores         whose messages somebody does not want to see
    session         one participant
    nicknames       what a nick may be, and when two are the same
    pruning         takes old events out of the log
    event_log       the log on disk; the only SQL
    messages        the vocabulary
    figures         what can be counted about the room
    tally           counting at next to no cost
    metrics         the figures, for Prometheus
    journal         who came and went, for the log of the operator
    logs            how records are written: fields, as text or JSON
    restraint       a flood of connections is no flood of records
    deadlines       what happens when nothing happens

Beside the server: `client`, the terminal client; `launcher`, the `parley` command; `health`, for containers.
"""

__version__ = "0.1.0"
