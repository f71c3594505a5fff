"""The JSON that each command prints, as types: what ``schemas/output-*.json`` is made from.

No command imports this. The tests hold every JSON that any of them prints against these schemas,
where an unknown field is an error: what is documented here is what is printed.
"""
