package dev.safelight.bench.measure;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** A table in Markdown. */
public final class Table {
    private final List<List<String>> rows = new ArrayList<>();

    public Table(String... columns) {
        rows.add(List.of(columns));
    }

    /** Strings as they are, whole numbers with thousands marked, others with three significant digits. */
    public Table row(Object... cells) {
        List<String> texts = new ArrayList<>();
        for (Object cell : cells) {
            texts.add(text(cell));
        }
        rows.add(texts);
        return this;
    }

    private static String text(Object cell) {
        return switch (cell) {
            case Double number when Math.abs(number) >= 1000 -> String.format(Locale.ROOT, "%,.0f", number);
            case Double number when Math.abs(number) >= 100 -> String.format(Locale.ROOT, "%.0f", number);
            case Double number when Math.abs(number) >= 10 -> String.format(Locale.ROOT, "%.1f", number);
            case Double number -> String.format(Locale.ROOT, "%.2f", number);
            case Long number -> String.format(Locale.ROOT, "%,d", number);
            case Integer number -> String.format(Locale.ROOT, "%,d", number);
            default -> cell.toString();
        };
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (int index = 0; index < rows.size(); index++) {
            text.append(line(rows.get(index)));
            if (index == 0) {
                text.append(line(rows.getFirst().stream().map(column -> "---").toList()));
            }
        }
        return text.toString();
    }

    private static String line(List<String> cells) {
        return cells.stream().collect(Collectors.joining(" | ", "| ", " |")) + System.lineSeparator();
    }
}
