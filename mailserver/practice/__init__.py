"""The practice internet: a directory (DNS) and mail servers of others on loopback, each with a character of its own.

`make practice` sends to them from the page; the tests of deliveries talk to the same servers.
"""
