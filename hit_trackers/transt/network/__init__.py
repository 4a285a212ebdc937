"""TransT's network, from the facts of its official code (github.com/chenxin-dlut/TransT)."""
