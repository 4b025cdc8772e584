"""How reports leave the house: each format turns rows into bytes while they come, and never holds them all."""
