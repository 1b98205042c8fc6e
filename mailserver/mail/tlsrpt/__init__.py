"""Reports about TLS between mail servers (RFC 8460): the record that asks for them, their content, and their mail."""
