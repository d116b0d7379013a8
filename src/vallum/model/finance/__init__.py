"""Public finance of defence: debt, the rules on it, SAFE loans, and what a plan does to them.

Equations are numbered as in docs/explanation/fiscal.md.
"""
