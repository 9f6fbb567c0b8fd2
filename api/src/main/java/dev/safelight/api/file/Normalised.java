package dev.safelight.api.file;

/** An image as it is stored: upright, 8 bits a sample, sRGB with or without alpha, a PNG that holds pixels and nothing else. */
record Normalised(int width, int height, byte[] png) {}
