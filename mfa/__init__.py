"""mfa: material-flow accounts for a city, reconciled, drawn and reported."""

__version__ = "0.1.0"
