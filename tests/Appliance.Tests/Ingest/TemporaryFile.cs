namespace Appliance.Tests.Ingest;

/// <summary>A file with these bytes, gone at the end of the test.</summary>
internal sealed class TemporaryFile : IDisposable
{
    public TemporaryFile(byte[] bytes, string suffix = "")
    {
        Path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"appliance-{Guid.NewGuid():N}{suffix}");
        File.WriteAllBytes(Path, bytes);
    }

    public string Path { get; }

    public void Dispose() => File.Delete(Path);
}
