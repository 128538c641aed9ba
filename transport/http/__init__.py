"""GraphQL over HTTP, with one answer or a stream of them.

graphql_http.py  requests and answers; head.py and manner.py read a request's head, request.py its parameters,
                 multipart.py (parts.py) its files, preferences.py what clients like
answers.py       how an answer looks on the wire; replies.py sends it;
                 compression.py (joined_compression.py) and entity_tags.py spare bytes
graphql_sse.py   event streams (events_waiting.py)
"""
