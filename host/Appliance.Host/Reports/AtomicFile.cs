namespace Appliance.Host.Reports;

/// <summary>Writes a file whole or not at all: beside its name first, to the disk, then renamed over it. A disk that fills leaves the old file as it was.</summary>
internal static class AtomicFile
{
    public static void Write(string path, ReadOnlySpan<byte> bytes)
    {
        string beside = path + ".new";
        try
        {
            using (var stream = new FileStream(beside, FileMode.Create, FileAccess.Write))
            {
                stream.Write(bytes);
                stream.Flush(flushToDisk: true);
            }
            File.Move(beside, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            try { File.Delete(beside); }
            catch (Exception also) when (also is IOException or UnauthorizedAccessException) { /* What cannot be written can perhaps not be removed either; the first failure is the one to tell. */ }
            throw new IOException($"{path}: cannot be written: {e.Message}", e);
        }
    }
}
