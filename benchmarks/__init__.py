"""`make bench`: what Parley's real programs do under load, beside a plain server that does the least there is to do.

    __main__    the options, and the order of things
    cases       the cases by name; each is a function that notes figures
    throughput  cases: as fast as it goes, with and without those who read nothing
    latency     cases: how long a message takes
    presence    cases: what being there and coming in cost
    history     cases: a log of a million events
    page        case: typing in a page with a long conversation
    scaling     cases: cost against the number of readers
    bench       what a case works with: settings, rooms with crowds in them, a place for its figures
    loads       ways to talk: as fast as it goes, one at a time, at a steady pace
    crowd       many clients in one epoll loop
    client      one connection, and where it is in the stream
    stream      the bytes that every receiver must read, and the check that it does
    dialect     what text door and WebSocket want to hear and how they say it
    frames      RFC 6455, the client's end
    histogram   percentiles of milliseconds
    programs    the servers as processes: ports, processor time, memory
    plain       the plain server
    bare        what a send costs when nothing else is done
    pages       somebody who reads history
    figures     what was measured, as a table and as JSON
    chart       two panels of it, as SVG

Linux only: epoll, /proc, processor clocks of other processes. Everything stays on the loopback interface.
"""
