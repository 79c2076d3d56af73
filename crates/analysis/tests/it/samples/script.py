import pandas as pd

frame = pd.read_csv("sales.csv")
frame = frame[frame["amount"] > 0]
totals = frame.groupby("region")["amount"].sum()
for region, amount in totals.items():
    print(region, amount)
