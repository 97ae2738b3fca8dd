"""From a call's arguments to ordered candidates: parse, match, rank, price. Nothing is sent to pay for here."""
