"""Indicators: formulas over the account, each with its uncertainty."""
