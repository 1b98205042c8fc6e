"""Who a message is really from: DKIM, DMARC and the field that tells the result, as pure functions.

What must be asked of the DNS is planned here and asked in `mailserver/net/senderauth.py`.
"""
