package dev.safelight.common.request;

/**
 * Why a model cannot do what an input asks for.
 *
 * @param code stable word for programs
 * @param field of the input, or a path below it like {@code compose/0/class}
 * @param detail what is wrong and what would be right
 */
public record Problem(String code, String field, String detail) {}
