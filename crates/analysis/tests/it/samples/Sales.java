import java.util.*;
import java.util.stream.*;

public class Sales {
    record Sale(String region, String product, double amount) {}

    private final List<Sale> sales;

    public Sales(List<Sale> sales) {
        this.sales = List.copyOf(sales);
    }

    /** Revenue by region, largest first. */
    public Map<String, Double> byRegion() {
        return sales.stream()
            .collect(Collectors.groupingBy(Sale::region, Collectors.summingDouble(Sale::amount)))
            .entrySet().stream()
            .sorted(Map.Entry.<String, Double>comparingByValue().reversed())
            .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue, (a, b) -> a, LinkedHashMap::new));
    }

    public Optional<Sale> best(String product) {
        return sales.stream()
            .filter(s -> s.product().equals(product))
            .max(Comparator.comparingDouble(Sale::amount));
    }

    public double average() {
        double total = 0;
        for (Sale s : sales) {
            total += s.amount();
        }
        return sales.isEmpty() ? 0 : total / sales.size();
    }

    public static void main(String[] args) {
        var sales = new Sales(List.of(new Sale("EU", "pen", 2.5), new Sale("US", "ink", 9.0)));
        System.out.println(sales.byRegion());
        sales.best("pen").ifPresent(System.out::println);
    }
}
