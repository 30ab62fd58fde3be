using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Appliance.Strategy.Policies.Files;

/// <summary>A tensor of a safetensors file: its element type as the file names it, its shape, and its bytes.</summary>
public sealed record SafetensorsTensor(string Name, string ElementType, int[] Shape, ReadOnlyMemory<byte> Bytes)
{
    public long Elements => Shape.Aggregate(1L, (product, n) => product * n);
}

/// <summary>
/// The safetensors container (format description in the safetensors repository's README): eight bytes little-endian header length, a JSON header of
/// name → {dtype, shape, data_offsets}, with "__metadata__" of strings to strings, then the tensors' bytes without gap or overlap, little-endian, row by row.
/// Read whole at start; nothing here is for the hot path.
/// </summary>
public sealed class SafetensorsFile
{
    private const int HeaderBytesMax = 100_000_000;

    public required string Path { get; init; }
    public required IReadOnlyDictionary<string, string> Metadata { get; init; }
    public required IReadOnlyDictionary<string, SafetensorsTensor> Tensors { get; init; }
    /// <summary>What follows the header: all tensors' bytes.</summary>
    public required ReadOnlyMemory<byte> Data { get; init; }

    public static SafetensorsFile Parse(string path, ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length < 8) throw Fault(path, $"truncated: {bytes.Length} bytes, but the header's length alone takes 8");
        ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(bytes.Span);
        if (headerLength > HeaderBytesMax) throw Fault(path, $"the header's length is said to be {headerLength}; no more than {HeaderBytesMax} is allowed: is this a safetensors file?");
        if (8 + (long)headerLength > bytes.Length) throw Fault(path, $"truncated: the header ends at byte {8 + headerLength}, the file at {bytes.Length}");
        ReadOnlyMemory<byte> data = bytes[(8 + (int)headerLength)..];

        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        var tensors = new Dictionary<string, SafetensorsTensor>(StringComparer.Ordinal);
        var ranges = new List<(long Begin, long End, string Name)>();
        using JsonDocument header = ParseHeader(path, bytes.Slice(8, (int)headerLength));
        try
        {
            foreach (JsonProperty property in header.RootElement.EnumerateObject())
            {
                if (property.Name == "__metadata__") ReadMetadata(path, property.Value, metadata);
                else
                {
                    SafetensorsTensor tensor = ReadTensor(path, property, data, out long begin, out long end);
                    if (!tensors.TryAdd(tensor.Name, tensor)) throw Fault(path, $"tensor \"{tensor.Name}\" stands twice in the header");
                    ranges.Add((begin, end, tensor.Name));
                }
            }
        }
        catch (InvalidOperationException e)
        {
            // Text that is no valid Unicode shows only when it is read.
            throw Fault(path, $"the header holds text that is not UTF-8: {e.Message}");
        }
        CheckCoverage(path, ranges, data.Length);
        return new SafetensorsFile { Path = path, Metadata = metadata, Tensors = tensors, Data = data };
    }

    /// <summary>Writes F32 tensors in the given order; the header is padded with blanks to a multiple of eight bytes.</summary>
    public static byte[] Write(IEnumerable<KeyValuePair<string, string>> metadata, IReadOnlyList<(string Name, int[] Shape, float[] Values)> tensors)
    {
        using var header = new MemoryStream();
        using (var json = new Utf8JsonWriter(header))
        {
            json.WriteStartObject();
            json.WriteStartObject("__metadata__");
            foreach ((string key, string value) in metadata) json.WriteString(key, value);
            json.WriteEndObject();
            long offset = 0;
            foreach ((string name, int[] shape, float[] values) in tensors)
            {
                json.WriteStartObject(name);
                json.WriteString("dtype", "F32");
                json.WriteStartArray("shape");
                foreach (int n in shape) json.WriteNumberValue(n);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset += values.Length * sizeof(float));
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        while (header.Length % 8 != 0) header.WriteByte((byte)' ');
        using var file = new MemoryStream();
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        file.Write(length);
        header.WriteTo(file);
        file.Write(DataBytes(tensors));
        return file.ToArray();
    }

    /// <summary>The tensors' bytes, one after another, as a file holds them after its header.</summary>
    public static byte[] DataBytes(IReadOnlyList<(string Name, int[] Shape, float[] Values)> tensors)
    {
        using var data = new MemoryStream();
        foreach ((_, _, float[] values) in tensors) data.Write(MemoryMarshal.AsBytes<float>(values));
        return data.ToArray();
    }

    private static JsonDocument ParseHeader(string path, ReadOnlyMemory<byte> header)
    {
        try
        {
            JsonDocument document = JsonDocument.Parse(header);
            if (document.RootElement.ValueKind == JsonValueKind.Object) return document;
            document.Dispose();
        }
        catch (JsonException e)
        {
            throw Fault(path, $"the header is not JSON: {e.Message}");
        }
        throw Fault(path, $"the header is not a JSON object: it begins \"{Encoding.UTF8.GetString(header.Span[..Math.Min(20, header.Length)])}\"");
    }

    private static void ReadMetadata(string path, JsonElement element, Dictionary<string, string> metadata)
    {
        if (element.ValueKind != JsonValueKind.Object) throw Fault(path, $"__metadata__ is {element.ValueKind}, not an object of strings");
        foreach (JsonProperty property in element.EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.String) throw Fault(path, $"metadata \"{property.Name}\" is {property.Value.ValueKind}, not a string");
            metadata[property.Name] = property.Value.GetString()!;
        }
    }

    private static SafetensorsTensor ReadTensor(string path, JsonProperty property, ReadOnlyMemory<byte> data, out long begin, out long end)
    {
        string name = property.Name;
        JsonElement entry = property.Value;
        if (entry.ValueKind != JsonValueKind.Object
            || !entry.TryGetProperty("dtype", out JsonElement type) || type.ValueKind != JsonValueKind.String
            || !entry.TryGetProperty("shape", out JsonElement shapes) || shapes.ValueKind != JsonValueKind.Array
            || !entry.TryGetProperty("data_offsets", out JsonElement offsets) || offsets.ValueKind != JsonValueKind.Array || offsets.GetArrayLength() != 2
            || !offsets[0].TryGetInt64(out begin) || !offsets[1].TryGetInt64(out end))
            throw Fault(path, $"tensor \"{name}\": seen {entry.GetRawText()}, expected an object with dtype, shape and two data_offsets");
        var shape = new int[shapes.GetArrayLength()];
        for (int i = 0; i < shape.Length; i++)
            if (!shapes[i].TryGetInt32(out shape[i]) || shape[i] < 0) throw Fault(path, $"tensor \"{name}\": shape {shapes.GetRawText()} is not a list of whole numbers");
        if (begin < 0 || end < begin) throw Fault(path, $"tensor \"{name}\": its bytes run from {begin} to {end}");
        if (end > data.Length) throw Fault(path, $"truncated: tensor \"{name}\" ends at data byte {end}, the file holds {data.Length}");
        return new SafetensorsTensor(name, type.GetString()!, shape, data.Slice((int)begin, (int)(end - begin)));
    }

    private static void CheckCoverage(string path, List<(long Begin, long End, string Name)> ranges, long length)
    {
        ranges.Sort();
        long at = 0;
        foreach ((long begin, long end, string name) in ranges)
        {
            if (begin != at) throw Fault(path, $"tensor \"{name}\" begins at data byte {begin}; without gap or overlap it would begin at {at}");
            at = end;
        }
        if (at != length) throw Fault(path, $"{length - at} bytes after the last tensor belong to none");
    }

    private static PolicyFileException Fault(string path, string fault) => new(path, fault);
}
