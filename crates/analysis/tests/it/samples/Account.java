import java.util.List;

/** A bank account. */
public class Account {
    private final String owner;
    private long balance;

    public Account(String owner, long balance) {
        this.owner = owner;
        this.balance = balance;
    }

    public void withdraw(long amount) {
        if (amount > balance) {
            throw new IllegalArgumentException("not enough money");
        }
        balance -= amount;
    }

    public static int countRich(List<Account> accounts, long limit) {
        int count = 0;
        for (Account account : accounts) {
            if (account.balance > limit) {
                count++;
            }
        }
        return count;
    }
}
