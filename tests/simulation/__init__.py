"""Days of a bank, made from a number: the real ledger beside a model that knows only the rules.

A seed gives the steps: people come, accounts are opened, funded, paid from, frozen and closed, one after the other, in
bulk and at once; database commands fail, connections drop, processes are killed in the middle of their work. After
each step the whole real bank is compared with the model. A failure prints the seed and every step so far:

    SIMULATION_SEED=7 SIMULATION_STEPS=40 pytest tests/simulation

runs the same steps again, `SIMULATION_SECONDS=600` goes through new seeds for ten minutes. What threads and killed
processes do differs from run to run; what was asked of them does not.
"""
