"""`/graphql`: the bank for programs that speak GraphQL, by the same services and rules as REST.

view         one request: its limits, its sign-in, the form of every answer
measure      how much a document may ask for
failures     errors with the codes of the one table
queries      what can be read
mutations    what can be changed
types        accounts and transactions as they are shown
connections  lists with cursors, in both directions
asking       who asks, and what was read for them
ids, scalars opaque ids, exact money
"""
