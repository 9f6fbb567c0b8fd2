package dev.safelight.api.validate;

/**
 * One thing that is wrong with a request.
 *
 * @param code stable word for programs
 * @param in body, query or header
 * @param pointer JSON pointer into the body as a URI fragment ({@code #/input/steps}), or the name of the parameter
 * @param detail what is wrong and what would be right, for people
 */
public record Violation(String code, String in, String pointer, String detail) {
    public static Violation body(String code, String pointer, String detail) {
        return new Violation(code, "body", pointer, detail);
    }
}
