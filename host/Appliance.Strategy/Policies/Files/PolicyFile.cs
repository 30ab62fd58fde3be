using System.Security.Cryptography;
using Appliance.Kernels.Networks;

namespace Appliance.Strategy.Policies.Files;

/// <summary>
/// A policy as one safetensors container: metadata and weights, checked against one another. docs/policies.md describes keys, tensors and shapes. For start-up and tools,
/// never for the hot path; <see cref="NetworkPolicy"/> makes of it what decides.
/// </summary>
public sealed record PolicyFile(string Path, PolicyMetadata Metadata, PolicyWeights Weights)
{
    private const string WeightsHashKey = "weightsSha256";

    /// <summary>Of the whole file, in lower-case hexadecimal: the journal's header pins it.</summary>
    public required string Sha256 { get; init; }
    /// <summary>The header bore a hash of the weights, and they have it. Files of other makers need not.</summary>
    public required bool HasWeightsHash { get; init; }

    /// <exception cref="PolicyFileException">The file cannot be used; every fault is in the message.</exception>
    public static PolicyFile Load(string path)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PolicyFileException(path, e is FileNotFoundException or DirectoryNotFoundException ? "there is no such file" : $"cannot be read: {e.Message}");
        }
        return Parse(path, bytes);
    }

    /// <exception cref="PolicyFileException">The file cannot be used; every fault is in the message.</exception>
    public static PolicyFile Parse(string path, byte[] bytes)
    {
        SafetensorsFile file = SafetensorsFile.Parse(path, bytes);
        var faults = new List<string>();
        PolicyMetadata? metadata = PolicyMetadataReader.TryRead(file.Metadata, faults);
        if (metadata is null) throw new PolicyFileException(path, faults);
        PolicyWeights weights = new PolicyTensors(file, metadata, faults).Read();
        bool hasHash = file.Metadata.TryGetValue(WeightsHashKey, out string? stated);
        if (hasHash && faults.Count == 0 && Convert.ToHexStringLower(SHA256.HashData(file.Data.Span)) is var seen && seen != stated)
            faults.Add($"the weights' SHA-256 is {seen}, the header says {stated}: the file was damaged or altered after it was written");
        if (faults.Count > 0) throw new PolicyFileException(path, faults);
        return new PolicyFile(path, metadata, weights) { Sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes)), HasWeightsHash = hasHash };
    }

    /// <summary>The bytes of a policy file: what the lab and the import write and <see cref="Parse"/> reads.</summary>
    public static byte[] Write(PolicyMetadata metadata, PolicyWeights weights)
    {
        if (metadata.Contradictions().FirstOrDefault() is { } contradiction) throw new ArgumentException(contradiction, nameof(metadata));
        IReadOnlyList<(string Name, int[] Shape, float[] Values)> tensors = PolicyTensors.Of(metadata, weights);
        string hash = Convert.ToHexStringLower(SHA256.HashData(SafetensorsFile.DataBytes(tensors)));
        return SafetensorsFile.Write([.. PolicyMetadataWriter.ToStrings(metadata), new(WeightsHashKey, hash)], tensors);
    }
}
