"""How much a message looks like spam: rules, words and evidence as pure functions that give points with a sentence.

Above 0 speaks for spam, below 0 against it. What must be asked of others (blocklists, scanners, the account's own
history) is asked elsewhere and comes in as values.
"""
