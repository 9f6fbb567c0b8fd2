package dev.safelight.common.request;

/** Two parts of an input, or a part and the model, do not go together. */
final class InputRefused extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    private final String code;
    private final String field;

    InputRefused(String code, String field, String detail) {
        super(detail);
        this.code = code;
        this.field = field;
    }

    Problem problem() {
        return new Problem(code, field, getMessage());
    }
}
