package dev.safelight.common.request;

import java.util.ArrayList;
import java.util.List;

/**
 * Words that weigh more or less than others: {@code a (red:1.3) fox}. Brackets may be nested, their weights are multiplied.
 * A bracket without a weight, or with a backslash before it, is text like any other.
 */
public final class Emphasis {
    /** Beyond it pictures only break. */
    private static final double MOST = 10;

    private Emphasis() {}

    /** @param weight 1 where nothing is said of it */
    public record Piece(String text, double weight) {}

    /** The whole prompt as one piece. */
    public static List<Piece> none(String prompt) {
        return List.of(new Piece(prompt, 1));
    }

    /** The pieces of a prompt, in order, none of them empty but the only one of an empty prompt. */
    public static List<Piece> of(String prompt) {
        List<Piece> pieces = new ArrayList<>();
        read(prompt, 1, pieces);
        return pieces.isEmpty() ? none("") : pieces;
    }

    private static void read(String text, double weight, List<Piece> pieces) {
        StringBuilder plain = new StringBuilder();
        for (int at = 0; at < text.length(); at++) {
            char sign = text.charAt(at);
            if (sign == '\\' && at + 1 < text.length() && "()\\".indexOf(text.charAt(at + 1)) >= 0) {
                plain.append(text.charAt(++at));
                continue;
            }
            int end = sign == '(' ? closing(text, at) : -1;
            int colon = end < 0 ? -1 : text.lastIndexOf(':', end);
            Double own = colon <= at ? null : number(text.substring(colon + 1, end));
            if (own == null) {
                plain.append(sign);
                continue;
            }
            add(plain, weight, pieces);
            read(text.substring(at + 1, colon), weight * own, pieces);
            at = end;
        }
        add(plain, weight, pieces);
    }

    private static void add(StringBuilder plain, double weight, List<Piece> pieces) {
        if (!plain.isEmpty()) {
            pieces.add(new Piece(plain.toString(), weight));
            plain.setLength(0);
        }
    }

    /** Where the bracket is closed; -1 when it is not. */
    private static int closing(String text, int open) {
        int depth = 0;
        for (int at = open; at < text.length(); at++) {
            char sign = text.charAt(at);
            if (sign == '\\') {
                at++;
            } else if (sign == '(') {
                depth++;
            } else if (sign == ')' && --depth == 0) {
                return at;
            }
        }
        return -1;
    }

    private static Double number(String word) {
        if (!word.strip().matches("\\d{1,3}(\\.\\d{1,6})?|\\.\\d{1,6}")) {
            return null;
        }
        double number = Double.parseDouble(word.strip());
        return number <= MOST ? number : null;
    }
}
