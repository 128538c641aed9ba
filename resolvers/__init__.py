"""What a client may ask and do, one file a noun. Every field that needs the store is a batch function:
`async def area(parents, ctx, …) -> list`, called once for all the parents of a level."""
