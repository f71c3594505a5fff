"""A strict Route 53: it refuses what AWS is documented, or was seen, to refuse.

It speaks the service's own XML to a real boto3 client, so that serialising, signing and parsing
are the SDK's: inside the process through botocore's ``before-send`` (``hooks``), or as an HTTP
server in a process of its own (``server``, driven through ``remote``). Both are the same
``double.Double``.

============== ===================================================================================
module         is
============== ===================================================================================
``core``       the service: operations on zones, record sets, changes and health checks
``batch``      one change batch against one zone: all of it, or nothing and every message
``structure``  what a change may look like; ``rdata`` values; ``routing`` policies; ``aliases``
``names``      names as the service stores, returns and orders them
``buckets``    both kinds of throttling, on the clock that the product sleeps on
``faults``     what a test does to a request: hold it, lose it, deliver it twice, act before it
``evidence``   what the history proves: each batch once, a fence that never falls
``behaviours`` the table of documented behaviour that the double, and others, are held to
============== ===================================================================================

Where sources disagree or say nothing, the stricter reading is taken: a product that lives with the
double lives with AWS. ``behaviours`` says of each rule whether it is documented, was seen on AWS in
somebody's public report, or is inferred.
"""
