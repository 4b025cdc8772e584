"""PaySsam (결제선생), the provider: its wire, its callback, a sandbox that stands in for it."""
