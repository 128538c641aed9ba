"""uvicorn, set up so that a client costs bounded memory, whatever it does.

uvicorn_options.py  how it is set up
bounded_http.py  ends to heads, bodies (lingering.py) and answers; whole_http.py takes and answers requests in one piece (whole.py)
unchunked.py     answers of unknown length to HTTP/1.0
bounded_websocket.py  the same for sockets (arrivals.py)
connections.py   how many may be open
ports.py         takes the port; listening.py listens on it, for neighbours too, and stops gently
"""
