namespace Appliance.Ingest.Pcap;

/// <summary>A file that is none of the captures this program reads. The message names the file, what was seen, and what is allowed.</summary>
public sealed class CaptureFormatException(string path, string seen, string allowed) : Exception($"{path}: {seen}; allowed: {allowed}")
{
    public string Path { get; } = path;
}
