namespace Appliance.Host.Greeks;

/// <summary>
/// Where results go: standard output, or a file that appears under its name only when it is whole. Until then it stands beside that name with ".part" added, and is removed when
/// the work ends otherwise. Devices and pipes are written directly: renaming onto them would put a file in their place.
/// </summary>
internal sealed class OutputFile : IDisposable
{
    private readonly string _path;
    private readonly string? _part;
    private readonly Stream _stream;
    private int _closed;

    public OutputFile(string path)
    {
        _path = path;
        if (path == "-") _stream = Console.OpenStandardOutput();
        else if (Directory.Exists(path)) throw new Configuration.BadInputException($"--out {path}: is a folder, a file is needed");
        else
        {
            // A link is followed, so that the file behind it is replaced and the link stays.
            string target = File.Exists(path) ? File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path : path;
            _path = target;
            _part = Native.Linux.IsSpecialFile(target) ? null : target + ".part";
            try
            {
                _stream = new FileStream(_part ?? target, _part is null ? FileMode.Open : FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new Configuration.BadInputException($"--out {path}: cannot be written: {e.Message}");
            }
        }
    }

    public Stream Stream => _stream;
    public string Name => _path == "-" ? "standard output" : _path;

    /// <summary>Everything is written: gives the file its name.</summary>
    public void Complete()
    {
        _stream.Dispose();
        if (Interlocked.Exchange(ref _closed, 1) == 0 && _part is not null) File.Move(_part, _path, overwrite: true);
    }

    /// <summary>Removes what was written of an unfinished file. May be called from another thread.</summary>
    public void Abandon()
    {
        if (Interlocked.Exchange(ref _closed, 1) == 0 && _part is not null) File.Delete(_part);
    }

    public void Dispose()
    {
        Abandon();
        try { _stream.Dispose(); }
        catch (IOException) { /* What was not written was said already. */ }
    }
}
