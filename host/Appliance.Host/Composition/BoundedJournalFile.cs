using Appliance.Ingest.Journal;

namespace Appliance.Host.Composition;

/// <summary>A journal file on a disk of a stated size: past it, writes fail as on a full one. For trying what the host does then (`run --journal-limit`).</summary>
internal sealed class BoundedJournalFile(IJournalFile file, long bytesMax) : IJournalFile
{
    private const int NoSpace = 28; // ENOSPC
    private long _left = bytesMax;

    public string Name => file.Name;

    public int Append(ReadOnlySpan<byte> bytes, out int errno)
    {
        if (_left == 0)
        {
            errno = NoSpace;
            return 0;
        }
        int written = file.Append(bytes[..(int)Math.Min(bytes.Length, _left)], out errno);
        _left -= written;
        return written;
    }

    public int Sync() => file.Sync();
    public int Reserve(long offset, long bytes) => bytes > _left ? NoSpace : file.Reserve(offset, bytes);
    public int Truncate(long length) => file.Truncate(length);
    public void Dispose() => file.Dispose();
}
