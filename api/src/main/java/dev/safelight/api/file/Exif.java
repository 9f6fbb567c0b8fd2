package dev.safelight.api.file;

import com.drew.lang.ByteArrayReader;
import com.drew.metadata.Metadata;
import com.drew.metadata.MetadataException;
import com.drew.metadata.exif.ExifDirectoryBase;
import com.drew.metadata.exif.ExifIFD0Directory;
import com.drew.metadata.exif.ExifReader;
import java.util.Arrays;

/** The one thing that matters of a camera's notes: which way up the picture is. */
final class Exif {
    private static final int UPRIGHT = 1;
    /** A segment of a JPEG holds no more; in other containers a longer block is of no use either. */
    private static final int LONGEST = 65_535;

    private Exif() {}

    /** @return 1 to 8 as EXIF has it; 1 where the block says nothing, or nothing that can be read */
    static int orientation(byte[] file, int at, int length) {
        if (length > LONGEST) {
            return UPRIGHT;
        }
        Metadata metadata = new Metadata();
        try {
            new ExifReader().extract(new ByteArrayReader(Arrays.copyOfRange(file, at, at + length)), metadata);
            ExifIFD0Directory directory = metadata.getFirstDirectoryOfType(ExifIFD0Directory.class);
            if (directory == null || !directory.containsTag(ExifDirectoryBase.TAG_ORIENTATION)) {
                return UPRIGHT;
            }
            int orientation = directory.getInt(ExifDirectoryBase.TAG_ORIENTATION);
            return orientation >= 1 && orientation <= 8 ? orientation : UPRIGHT;
        } catch (MetadataException | RuntimeException e) {
            // Notes that nobody can read do not make the picture worse.
            return UPRIGHT;
        }
    }
}
