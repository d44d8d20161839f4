"""A small catalogue of real films, and made-up users whose tastes are known."""
