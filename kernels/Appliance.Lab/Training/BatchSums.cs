namespace Appliance.Lab.Training;

/// <summary>What an objective adds up over the paths of a batch, in double precision, blocks in their order.</summary>
public struct BatchSums
{
    public long Paths;
    public double A, B, C, D;

    public void Add(in BatchSums other)
    {
        Paths += other.Paths;
        A += other.A;
        B += other.B;
        C += other.C;
        D += other.D;
    }
}
