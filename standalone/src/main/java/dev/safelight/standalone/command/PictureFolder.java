package dev.safelight.standalone.command;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/** Where pictures are written; none takes the place of another. */
record PictureFolder(Path folder) {
    /**
     * Writes a picture under its name, or with a number behind it where another picture has that name.
     *
     * @return the file
     */
    Path write(String name, String extension, byte[] picture) throws IOException {
        Files.createDirectories(folder);
        for (int number = 1; ; number++) {
            Path file = folder.resolve(name + (number == 1 ? "" : "-" + number) + "." + extension);
            try {
                return Files.write(file, picture, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            } catch (FileAlreadyExistsException e) {
                if (Files.isRegularFile(file) && Arrays.equals(Files.readAllBytes(file), picture)) {
                    return file;
                }
            }
        }
    }
}
