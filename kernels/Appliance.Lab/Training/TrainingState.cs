using System.Security.Cryptography;

namespace Appliance.Lab.Training;

/// <summary>Everything that the rest of a run depends on: written at the end of epochs and on an interrupt, read by a resumption, which then goes on to the identical result.</summary>
public sealed class TrainingState
{
    private static ReadOnlySpan<byte> Magic => "APPLTRN1"u8;

    public required byte[] SpecificationSha256 { get; init; }
    public int Epoch { get; set; }
    /// <summary>Batches done in this epoch.</summary>
    public int Batch { get; set; }
    public double LossSum { get; set; }
    public long AdamStep { get; set; }
    public long Averaged { get; set; }
    public required double[] Parameters { get; init; }
    public required double[] First { get; init; }
    public required double[] Second { get; init; }
    public required double[] Average { get; init; }
    public required double[] ObjectiveState { get; init; }
    public double[] Best { get; set; } = [];
    public double BestRisk { get; set; } = double.PositiveInfinity;
    public List<(double Loss, double HeldBack)> History { get; init; } = [];

    /// <summary>The bytes of a checkpoint, its own SHA-256 at the end.</summary>
    public byte[] ToBytes()
    {
        using var stream = new MemoryStream();
        using (var writer = new BinaryWriter(stream, System.Text.Encoding.UTF8, leaveOpen: true))
        {
            writer.Write(Magic);
            writer.Write(SpecificationSha256);
            writer.Write(Epoch);
            writer.Write(Batch);
            writer.Write(LossSum);
            writer.Write(AdamStep);
            writer.Write(Averaged);
            writer.Write(BestRisk);
            foreach (double[] vector in (ReadOnlySpan<double[]>)[Parameters, First, Second, Average, ObjectiveState, Best]) Put(writer, vector);
            Put(writer, [.. History.SelectMany(h => (double[])[h.Loss, h.HeldBack])]);
        }
        stream.Write(SHA256.HashData(stream.ToArray()));
        return stream.ToArray();
    }

    /// <summary>Null, with the reason, when the bytes are no whole checkpoint of this specification.</summary>
    public static TrainingState? TryRead(byte[] bytes, byte[] specificationSha256, int parameters, out string problem)
    {
        problem = "it is cut short or damaged";
        if (bytes.Length < Magic.Length + 64 || !bytes.AsSpan(0, Magic.Length).SequenceEqual(Magic)) return null;
        if (!SHA256.HashData(bytes.AsSpan(0, bytes.Length - 32)).AsSpan().SequenceEqual(bytes.AsSpan(bytes.Length - 32))) return null;
        using var reader = new BinaryReader(new MemoryStream(bytes, Magic.Length, bytes.Length - Magic.Length - 32));
        byte[] hash = reader.ReadBytes(32);
        problem = "it belongs to another specification (the file was changed since): restore it, or start without --resume";
        if (!hash.AsSpan().SequenceEqual(specificationSha256)) return null;
        var (epoch, batch, lossSum, adamStep, averaged, bestRisk) = (reader.ReadInt32(), reader.ReadInt32(), reader.ReadDouble(), reader.ReadInt64(), reader.ReadInt64(), reader.ReadDouble());
        var state = new TrainingState
        {
            SpecificationSha256 = hash, Epoch = epoch, Batch = batch, LossSum = lossSum, AdamStep = adamStep, Averaged = averaged, BestRisk = bestRisk,
            Parameters = Take(reader), First = Take(reader), Second = Take(reader), Average = Take(reader), ObjectiveState = Take(reader), Best = Take(reader),
        };
        double[] history = Take(reader);
        for (int i = 0; i + 1 < history.Length; i += 2) state.History.Add((history[i], history[i + 1]));
        problem = "its network has another size: it comes from another version of this program";
        return state.Parameters.Length == parameters ? state : null;
    }

    private static void Put(BinaryWriter writer, double[] vector)
    {
        writer.Write(vector.Length);
        foreach (double v in vector) writer.Write(v);
    }

    private static double[] Take(BinaryReader reader)
    {
        var vector = new double[reader.ReadInt32()];
        for (int i = 0; i < vector.Length; i++) vector[i] = reader.ReadDouble();
        return vector;
    }
}
