"""GraphQL over WebSocket.

graphql_ws.py    one socket and its messages (messages.py); introduction.py: who it says it is;
                 operation.py: what it asks for
open_sockets.py  all of them; pinging.py sees whether they are there; origins.py says which pages may open one
"""
