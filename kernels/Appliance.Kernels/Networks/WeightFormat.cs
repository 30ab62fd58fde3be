namespace Appliance.Kernels.Networks;

/// <summary>How weights stand in memory. Sums, biases, activations and states are single precision in all of them.</summary>
public enum WeightFormat
{
    Fp32,
    /// <summary>The upper 16 bits of fp32, rounded to nearest even: half the memory traffic, 8 bits of significand.</summary>
    Bf16,
    /// <summary>Whole numbers from −127 to 127 times one fp32 scale an output: a quarter of the memory traffic.</summary>
    Int8,
}
