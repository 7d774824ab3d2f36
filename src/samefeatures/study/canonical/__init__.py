"""How many dimensions networks share: the canonical space of a study, direction by direction."""
